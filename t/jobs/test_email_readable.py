"""The mails in a real browser, on a phone of 360 px, by day and by night."""
import html
import json
import re
import shutil
import subprocess

import pytest

from harness.environment import COUPONCTL, fresh_directory

from .test_email_mails import TYPES, sample

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTH_PX = 360
CONTRAST_LEAST = 4.5  # WCAG AA
LONG = "x" * 120

# Of each mail: how wide it is, and the text with the least contrast to what is behind it.
MEASURE = """
function channels(color) { return color.match(/[\\d.]+/g).map(Number); }
function luminance(rgb) {
  const [r, g, b] = rgb.map(c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(view, element) {
  for (; element; element = element.parentElement) {
    const color = channels(view.getComputedStyle(element).backgroundColor);
    if (color.length < 4 || color[3] > 0) return color.slice(0, 3);
  }
  return [255, 255, 255];
}
addEventListener('load', () => {
  const found = {};
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument, view = frame.contentWindow;
    const mail = found[frame.name] = {width: page.documentElement.scrollWidth, contrast: 21, text: '', texts: 0};
    const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || !element.offsetParent) continue;
      const light = [channels(view.getComputedStyle(element).color).slice(0, 3), behind(view, element)].map(luminance);
      const contrast = (Math.max(...light) + 0.05) / (Math.min(...light) + 0.05);
      ++mail.texts;
      if (contrast < mail.contrast) { mail.contrast = contrast; mail.text = walker.currentNode.textContent.trim(); }
    }
    mail.background = behind(view, page.body);
  }
  document.body.textContent = 'FOUND ' + JSON.stringify(found) + ' END';
});
"""


def rendered(name, data, folder):
    run = subprocess.run([COUPONCTL, "templates", "render", name, "--data", "-", "--html", folder / f"{name}.html"],
                         input=json.dumps(data), capture_output=True, text=True, timeout=30)
    assert run.returncode == 0, run.stderr
    return (folder / f"{name}.html").read_text()


def measured(mails, scheme):
    """{name: {width, contrast, text, texts, background}}"""
    folder = fresh_directory("readable")
    frames = "".join(f'<iframe name="{name}" style="width:{WIDTH_PX}px;height:900px;border:0" srcdoc="{html.escape(mail)}">'
                     "</iframe>" for name, mail in mails.items())
    (folder / "page.html").write_text(f"<!DOCTYPE html><body><script>{MEASURE}</script>{frames}")
    run = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
         f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}", "--virtual-time-budget=5000", "--dump-dom",
         f"file://{folder / 'page.html'}"], capture_output=True, text=True, timeout=60)
    found = re.search(r"FOUND (.*) END", run.stdout)
    assert found, run.stderr[-2000:]
    return json.loads(html.unescape(found[1]))


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_mail_fits_and_can_be_read(scheme):
    folder = fresh_directory("mails")
    found = measured({name: rendered(name, sample(name), folder) for name in TYPES}, scheme)
    assert set(found) == set(TYPES)
    for name, mail in found.items():
        assert mail["texts"] > 5, name
        assert mail["width"] <= WIDTH_PX, f"{name} is {mail['width']} px wide"
        assert mail["contrast"] >= CONTRAST_LEAST, f"{name}: {mail['text']!r} has a contrast of {mail['contrast']:.2f}"
        assert (sum(mail["background"]) < 200) == (scheme == "dark"), mail["background"]


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_long_words_do_not_widen_a_mail():
    folder = fresh_directory("mails")
    data = {"order_confirmation": {"name": LONG, "order_number": LONG, "total_amount": 99999999999,
                                   "vouchers": [{"code": LONG, "pin": LONG, "product": LONG}]},
            "cashback_pending": {"name": LONG, "merchant": LONG, "amount": 99999999999},
            "welcome": {"verify_url": f"https://shop.test/{LONG}"}, "otp": {"otp": "1234567890"}}
    for name, mail in measured({name: rendered(name, of, folder) for name, of in data.items()}, "light").items():
        assert mail["width"] <= WIDTH_PX, f"{name} is {mail['width']} px wide"

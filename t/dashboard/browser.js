// Chromium, told what to do by lines of JSON on stdin; each is answered by one line: {"answer": …} or {"error": "…"}.
const readline = require('readline');
const { chromium } = require('playwright-core');

let browser, context, page;
let problems = [];

function watch(one) {
  one.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`${message.text()} ${message.location().url || ''}`);
  });
  one.on('pageerror', (error) => problems.push(`uncaught: ${error.stack}`));
  one.on('dialog', (dialog) => { problems.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  one.on('request', (request) => {
    if (new URL(request.url()).hostname !== '127.0.0.1') problems.push(`asked elsewhere: ${request.url()}`);
  });
}

const at = ({ on }) => page.locator(on).first();

const commands = {
  async launch({ executable, patience }) {
    browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    commands.wait_ms = 15000 * patience;
    return browser.version();
  },
  async open({ url, width, height, dark, phone, reduced }) {
    if (context) await context.close();
    problems = [];
    context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', locale: 'en-GB',
      timezoneId: 'Asia/Kolkata', isMobile: phone, hasTouch: phone, reducedMotion: reduced ? 'reduce' : 'no-preference' });
    context.setDefaultTimeout(commands.wait_ms);
    // A violation that is only reported somewhere else would go unseen.
    await context.addInitScript(() => document.addEventListener('securitypolicyviolation',
      (event) => console.error(`violates ${event.violatedDirective}: ${event.blockedURI}`)));
    page = await context.newPage();
    watch(page);
    await page.goto(url);
  },
  goto: ({ url }) => page.goto(url).then(() => null),
  reload: () => page.reload().then(() => null),
  click: (where) => at(where).click(),
  hover: (where) => at(where).hover(),
  fill: (where) => at(where).fill(where.value),
  choose: (where) => at(where).selectOption(where.value).then(() => null),
  press: ({ key }) => page.keyboard.press(key),
  type: ({ text }) => page.keyboard.type(text),
  wait: ({ on, state }) => page.locator(on).first().waitFor({ state }),
  count: ({ on }) => page.locator(on).count(),
  texts: ({ on }) => page.locator(on).allInnerTexts(),
  attribute: (where) => at(where).getAttribute(where.name),
  // What the keyboard is at: its role or tag, and its name or text.
  focused: () => page.evaluate(() => {
    const element = document.activeElement;
    return [element.getAttribute('role') || element.tagName.toLowerCase(),
      element.getAttribute('aria-label') || element.id || element.innerText || '', Boolean(element.closest('dialog'))];
  }),
  evaluate: ({ script, value }) => page.evaluate(({ text, input }) => (0, eval)(text)(input), { text: script, input: value }),
  // The server's answer with some members changed: a page that was told a lie about the role.
  alter: ({ url, changes }) => page.route(url, async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    await route.fulfill({ response, body: text ? JSON.stringify({ ...JSON.parse(text), ...changes }) : text });
  }),
  screenshot: ({ path, whole }) => page.screenshot({ path, fullPage: whole }).then(() => null),
  problems: () => problems.splice(0),
  async close() {
    await context?.close();
    context = null;
    return problems.splice(0);
  },
};

async function obey(line) {
  const { command, ...options } = JSON.parse(line);
  try {
    return { answer: (await commands[command](options)) ?? null };
  } catch (error) {
    return { error: `${command} ${JSON.stringify(options)}: ${error.message}` };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await obey(line))}\n`);
  }
  await browser?.close();
})();

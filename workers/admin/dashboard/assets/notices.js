// Short messages at the foot of the page; read aloud by screen readers because their place is a live region.
import { button, byId, h, plain } from './dom.js';

const shown_ms = 9000;
const most = 4;

// kind: '' | 'good' | 'bad'. Bad ones stay until they are closed.
export function tell(text, kind = '') {
    const place = byId('notices');
    const notice = h('div', { class: `notice ${kind}` }, h('p', {}, plain(text)));
    notice.append(button('Close', () => notice.remove(), { class: 'quiet' }));
    place.append(notice);
    while (place.children.length > most) place.firstElementChild.remove();
    if (kind !== 'bad') setTimeout(() => notice.remove(), shown_ms);
}

// Questions and details in <dialog>: the browser keeps the focus inside and gives it back.
import { button, errorState, h, labelled, newId, plain } from './dom.js';

function open(dialog) {
    const before = document.activeElement;
    document.body.append(dialog);
    dialog.addEventListener('close', () => {
        dialog.remove();
        // What opened it may be gone with the row that was retried.
        if (!before?.isConnected) document.querySelector('#main h1')?.focus();
    });
    dialog.showModal();
    return dialog;
}

function reasonField(reason) {
    if (!reason) return null;
    return h('textarea', { name: 'reason', rows: 2, maxlength: 500, required: reason === 'required',
        placeholder: 'Kept in the audit log' });
}

// Asks, with the effect in words, and runs `run({reason, [options]})` while it stays open; closes when that is done and
// shows why when it failed. reason: 'required', 'optional' or null; options: [{name, label}] of check boxes.
export function ask({ title, text, action, danger = false, reason = 'required', options = [], run }) {
    const id = newId('ask');
    const field = reasonField(reason);
    const boxes = options.map(({ name, label }) => h('label', { class: 'check' },
        h('input', { type: 'checkbox', name }), h('span', {}, label)));
    const problem = h('div', { 'aria-live': 'assertive' });
    const words = h('p', {}, text);
    const yes = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, action);
    const no = button('Cancel', () => dialog.close());
    const form = h('form', { method: 'dialog' },
        h('h2', { id }, title), words, boxes,
        field ? labelled(reason === 'required' ? 'Reason' : 'Reason (optional)', field) : null,
        problem, h('div', { class: 'dialog-actions' }, no, yes));
    const dialog = h('dialog', { class: 'ask', 'aria-labelledby': id }, form);
    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        const given = { reason: field?.value.trim() || '' };
        if (reason === 'required' && !given.reason) {
            field.setCustomValidity('Say why: it stands in the audit log.');
            field.reportValidity();
            return;
        }
        for (const { name } of options) given[name] = form.elements[name].checked;
        yes.disabled = true;
        problem.replaceChildren();
        try {
            // A number that changed meanwhile is asked about again.
            const changed = await run(given);
            if (!changed) return dialog.close();
            words.textContent = changed.text;
            yes.textContent = changed.action;
        } catch (error) {
            problem.replaceChildren(h('p', { class: 'error' }, plain(error.message)));
        } finally {
            yes.disabled = false;
        }
    });
    field?.addEventListener('input', () => field.setCustomValidity(''));
    open(dialog);
    (field || yes).focus();
    return dialog;
}

// Details at the side. load() → nodes; actions: buttons that get `close`.
export function showDetails({ title, load, actions = () => [] }) {
    const id = newId('details');
    const body = h('div', { class: 'details-body', tabindex: '0', 'aria-live': 'polite' }, h('p', { class: 'muted' }, 'Loading…'));
    const foot = h('div', { class: 'dialog-actions' });
    const dialog = h('dialog', { class: 'details', 'aria-labelledby': id },
        h('div', { class: 'details-head' }, h('h2', { id }, title), button('Close', () => dialog.close())), body, foot);
    dialog.addEventListener('click', (event) => {
        if (event.target === dialog) dialog.close();
    });
    const fill = async (how = load) => {
        try {
            const content = await how();
            body.replaceChildren(...[content].flat());
            foot.replaceChildren(...actions(() => dialog.close(), fill).filter(Boolean));
        } catch (error) {
            body.replaceChildren(errorState(error, () => fill(how)));
        }
    };
    open(dialog);
    fill();
    return dialog;
}

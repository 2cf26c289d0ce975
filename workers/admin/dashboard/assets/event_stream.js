// Server-sent events read by fetch. EventSource hides the server's pings, without which a dead connection looks like a
// quiet one, and hides why it was refused.
import { failure } from './api.js';

function parsed(block) {
    const event = { name: 'message', data: '' };
    for (const line of block.split(/\r?\n/)) {
        if (line.startsWith('event:')) event.name = line.slice(6).trim();
        if (line.startsWith('data:')) event.data += line.slice(5);
    }
    return event.data ? event : null;
}

// Calls opened() once and took({name, data}) for each event. Returns when the server ends the stream; throws an
// ApiError where it refuses one, and another error where the connection breaks or is silent for silence_ms.
export async function readEvents(address, { signal, silence_ms, opened, took }) {
    const connection = new AbortController();
    const cut = () => connection.abort();
    let watch = setTimeout(cut, silence_ms);
    signal.addEventListener('abort', cut);
    try {
        const response = await fetch(address, { signal: connection.signal, cache: 'no-store',
            credentials: 'same-origin', headers: { Accept: 'text/event-stream' } });
        if (!response.ok) throw await failure(response);
        opened();
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = '';
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            clearTimeout(watch);
            watch = setTimeout(cut, silence_ms);
            const blocks = (rest + value).split(/\r?\n\r?\n/);
            rest = blocks.pop();
            blocks.map(parsed).filter(Boolean).forEach(took);
        }
    } finally {
        clearTimeout(watch);
        signal.removeEventListener('abort', cut);
        cut();
    }
}

// Says who died and who came back since the last look.
import { shortWorker } from './workers_panel.js';

export function watchWorkers(tell) {
    let before = null;
    return ({ workers }) => {
        const now = new Map(workers.map((worker) => [worker.id, worker]));
        if (before) {
            for (const [id, worker] of now) {
                const old = before.get(id);
                if (old?.alive && worker.alive === false) tell(`${worker.role} worker ${shortWorker(worker)} is gone`, 'bad');
                if (worker.alive && old?.alive === false) tell(`${worker.role} worker ${shortWorker(worker)} is back`, 'good');
                if (worker.alive && !old) tell(`${worker.role} worker ${shortWorker(worker)} has started`, 'good');
            }
        }
        before = now;
    };
}

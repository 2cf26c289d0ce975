// The first look: what is wrong, what is done a minute, who works, what waits.
import { clicksPanel } from './clicks_panel.js';
import { problemsPanel } from './problems.js';
import { queuesPanel } from './queues_panel.js';
import { ratesPanel } from './rates_panel.js';
import { workersPanel } from './workers_panel.js';

function open(root, { live }) {
    const problems = problemsPanel();
    const rates = ratesPanel();
    const parts = { workers: workersPanel(), queues: queuesPanel(), accounting: clicksPanel() };
    root.append(problems.element, rates.element, parts.accounting.element, parts.queues.element, parts.workers.element);
    const known = {};
    const stops = ['workers', 'queues', 'accounting', 'cron'].map((name) => live.on(name, (data) => {
        known[name] = data;
        parts[name]?.show(data);
        problems.show(known);
    }));
    return () => {
        stops.forEach((stop) => stop());
        rates.close();
    };
}

export const overview = { name: 'overview', title: 'Overview', open };

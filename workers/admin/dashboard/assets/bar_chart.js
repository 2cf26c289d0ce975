// Stacked bars by day as SVG, with a marker moved by mouse or arrow keys.
import { h, svg } from './dom.js';
import { day, number } from './format.js';
import { valueTicks } from './scales.js';

const height = 230;
const margin = { top: 12, right: 8, bottom: 26, left: 54 };
const widest = 64;

// days: [{day, parts: {name: count}}]; names: [{name, tone}], from the bottom up.
export function barChart({ label, names }) {
    let days = [];
    let marked = null;
    const drawing = svg('svg', { class: 'drawing', height, 'aria-hidden': 'true' });
    const tip = h('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' });
    const area = h('div', { class: 'chart-area', tabindex: '0', role: 'slider', 'aria-valuemin': '0',
        'aria-label': `${label}. Arrow keys move from day to day.` }, drawing, tip);
    const legend = h('ul', { class: 'legend', 'aria-hidden': 'true' }, names.map(({ name, tone }) =>
        h('li', { class: 'legend-item' }, h('span', { class: `swatch tone-${tone}` }), name)));
    const element = h('div', { class: 'chart' }, legend, area);
    const sum = ({ parts }) => Object.values(parts).reduce((all, one) => all + one, 0);

    function geometry() {
        const width = Math.max(240, area.clientWidth);
        const step = (width - margin.left - margin.right) / Math.max(1, days.length);
        const ticks = valueTicks(Math.max(1, ...days.map(sum)));
        const inner = height - margin.top - margin.bottom;
        return { width, step, ticks, y: (value) => margin.top + inner * (1 - value / ticks.at(-1)),
            middle: (at) => margin.left + step * (at + 0.5) };
    }

    function bar(item, at, { step, y, middle }) {
        const width = Math.min(widest, step * 0.7);
        let under = 0;
        return names.filter(({ name }) => item.parts[name]).map(({ name, tone }) => {
            const top = under + item.parts[name];
            const rectangle = svg('rect', { class: `bar tone-${tone}`, x: middle(at) - width / 2, width, y: y(top), height: Math.max(0, y(under) - y(top)) });
            under = top;
            return rectangle;
        });
    }

    function draw() {
        if (!area.clientWidth) return;
        const place = geometry();
        const { width, step, ticks, y, middle } = place;
        const each = Math.ceil(78 / step);  // every how many days there is room for a name
        drawing.setAttribute('width', width);
        drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
        drawing.replaceChildren(
            ...ticks.flatMap((tick) => [
                svg('line', { class: tick === 0 ? 'base' : 'grid', x1: margin.left, x2: width - margin.right, y1: y(tick), y2: y(tick) }),
                svg('text', { class: 'tick', x: margin.left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, number(tick))]),
            svg('g', { class: 'marker' }),
            ...days.flatMap((item, at) => bar(item, at, place)),
            ...days.map((item, at) => ((days.length - 1 - at) % each ? null
                : svg('text', { class: 'tick', x: middle(at), y: height - 8, 'text-anchor': 'middle' }, day(item.day)))).filter(Boolean));
        mark();
    }

    function mark() {
        tip.hidden = marked === null || !days.length;
        const place = drawing.querySelector('.marker');
        if (!place || tip.hidden) return place?.replaceChildren();
        const { width, step, middle } = geometry();
        const at = Math.min(marked, days.length - 1);
        place.replaceChildren(svg('rect', { class: 'band', x: middle(at) - step / 2, width: step, y: margin.top, height: height - margin.top - margin.bottom }));
        tip.replaceChildren(h('p', {}, `${day(days[at].day)} · ${number(sum(days[at]))}`), h('ul', {}, [...names].reverse()
            .filter(({ name }) => days[at].parts[name]).map(({ name, tone }) => h('li', {}, h('span', { class: `swatch tone-${tone}` }),
                h('span', {}, name), h('b', {}, number(days[at].parts[name]))))));
        const left = middle(at) > width / 2;
        tip.style.left = left ? 'auto' : `${middle(at) + step / 2 + 4}px`;
        tip.style.right = left ? `${width - middle(at) + step / 2 + 4}px` : 'auto';
    }

    function move(to) {
        marked = days.length ? Math.max(0, Math.min(days.length - 1, to)) : null;
        mark();
        speak();
    }

    function speak() {
        const at = Math.min(marked ?? days.length - 1, days.length - 1);
        area.setAttribute('aria-valuemax', Math.max(0, days.length - 1));
        area.setAttribute('aria-valuenow', Math.max(0, at));
        area.setAttribute('aria-valuetext', at < 0 ? 'nothing yet' : `${day(days[at].day)}: ${names
            .map(({ name }) => `${name} ${number(days[at].parts[name] || 0)}`).join(', ')}`);
    }

    function forget() {
        marked = null;
        mark();
    }

    area.addEventListener('pointermove', (event) => {
        const { step } = geometry();
        move(Math.floor((event.clientX - area.getBoundingClientRect().left - margin.left) / step));
    });
    area.addEventListener('pointerleave', () => document.activeElement === area || forget());
    area.addEventListener('focus', () => marked === null && move(days.length - 1));
    area.addEventListener('blur', forget);
    area.addEventListener('keydown', (event) => {
        const from = marked ?? days.length - 1;
        const to = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, Home: 0, End: days.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        move(to);
    });
    new ResizeObserver(draw).observe(area);

    return {
        element,
        show(next) {
            days = next;
            draw();
            speak();
        },
    };
}

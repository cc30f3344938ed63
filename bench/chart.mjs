// Bar charts as SVG: groups of bars, each group on a scale of its own. The benchmarks write those that the docs show.

const WIDTH_PX = 760;
const NAME_PX = 190;
const BAR_PX = 16;
const ROW_PX = 22;
const HEAD_PX = 34;
const PADDING_PX = 16;
const VALUE_PX = 90;

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const STYLE = `text { font: 13px system-ui, sans-serif; fill: #1f2328 } .head { font-weight: 600 }
  rect { fill: #8c959f } .own { fill: #0969da }`;

/**
 * @param {string} title what the chart shows, for those who cannot see it
 * @param {{ title: string, bars: { name: string, value: number, label: string, isOwn?: boolean }[] }[]} groups
 */
export function barChart(title, groups) {
  const rows = [];
  let y = PADDING_PX;
  for (const { title: head, bars } of groups) {
    rows.push(`<text class="head" x="${PADDING_PX}" y="${y + HEAD_PX * 0.6}">${escaped(head)}</text>`);
    y += HEAD_PX;
    const longest = Math.max(...bars.map(({ value }) => value)) || 1;
    for (const { name, value, label, isOwn } of bars) {
      const width = Math.max(1, (value / longest) * (WIDTH_PX - NAME_PX - VALUE_PX - 2 * PADDING_PX));
      const middle = y + BAR_PX * 0.8;
      const x = PADDING_PX + NAME_PX;
      rows.push(
        `<text x="${PADDING_PX}" y="${middle}">${escaped(name)}</text>`,
        `<rect${isOwn ? ' class="own"' : ""} x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR_PX}" rx="2"/>`,
        `<text x="${(x + width + 8).toFixed(1)}" y="${middle}">${escaped(label)}</text>`,
      );
      y += ROW_PX;
    }
    y += ROW_PX / 2;
  }
  const size = `viewBox="0 0 ${WIDTH_PX} ${y + PADDING_PX}" width="${WIDTH_PX}"`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escaped(title)}">`;
  const paper = '<path d="M0 0H9999V9999H0z" fill="#fff"/>';
  return `${head}\n<style>${STYLE}</style>\n${paper}\n${rows.join("\n")}\n</svg>\n`;
}

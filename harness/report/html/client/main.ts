/** Puts the page together, and keeps the opened cell in the address bar. */
import { pageCells, readPage, type PageCell } from './data.ts';
import { createDetail } from './detail.ts';
import { startFilter } from './filter.ts';
import { startMatrix } from './matrix.ts';
import { startTheme } from './theme.ts';

function start(): void {
  const data = readPage();
  const cells = pageCells(data);
  const forget = (): void => history.replaceState(null, '', location.href.replace(/#.*$/, ''));
  const detail = createDetail(data, cells, forget);
  const matrix = startMatrix(data, cells, (cell) => void show(cell));

  async function show(cell: PageCell): Promise<void> {
    const button = matrix.buttonOf(cell);
    const row = matrix.rowOf(cell);
    if (button === null || row === null) return;
    await detail.open(cell, button, row);
    if (button.getAttribute('aria-expanded') === 'true')
      history.replaceState(null, '', `#${encodeURIComponent(cell.anchor)}`);
  }

  /** A link to a cell, here or in the address that the page was opened with. */
  const follow = (): void => {
    const anchor = decodeURIComponent(location.hash.slice(1));
    const cell = anchor === '' ? undefined : cells.find((each) => each.anchor === anchor);
    if (cell === undefined || matrix.buttonOf(cell)?.getAttribute('aria-expanded') === 'true') return;
    void show(cell).then(() => matrix.rowOf(cell)?.scrollIntoView({ block: 'start' }));
  };

  startTheme();
  startFilter(data, cells, (filter) => {
    detail.close();
    matrix.show(filter);
  });
  window.addEventListener('hashchange', follow);
  follow();
}

start();

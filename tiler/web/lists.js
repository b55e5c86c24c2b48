// Lists to print, for staff: chosen here, written by the server as pages of their own.
import * as api from './api.js';
import { byId, el } from './dom.js';

const dialog = byId('list-dialog');
const choice = byId('list-id');
const by = byId('list-by');
const division = byId('list-division');
const open = byId('list-open');
const problem = byId('list-error');
let lists = [];

function describe() {
  const list = lists.find((each) => each.id === choice.value);
  byId('list-by-label').textContent = list ? `${list.by.title}（可不填）` : '';
  open.parentElement.hidden = !list?.open;
  byId('list-open-title').textContent = list?.open ? `只列${list.open.title}的` : '';
}

/** The page in a window of its own, which has our address as its base, so that its style is found. */
function show(page, text) {
  page.document.open();
  page.document.write(text);
  page.document.close();
}

export function setUp() {
  byId('staff-lists').addEventListener('click', () => {
    problem.textContent = '';
    dialog.showModal();
    by.focus();
  });
  byId('list-cancel').addEventListener('click', () => dialog.close());
  choice.addEventListener('change', describe);
  byId('list-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const list = lists.find((each) => each.id === choice.value);
    const query = {};
    if (by.value.trim()) query[list.by.name] = by.value.trim();
    if (division.value.trim()) query.division = division.value.trim();
    if (open.checked && list.open) query.open = 'true';
    if (!query[list.by.name] && !query.division) {
      problem.textContent = `请输入${list.by.title}或行政区划代码。`;
      return;
    }
    // The window is opened at once: later the browser would take it for an advertisement.
    const page = window.open('about:blank', '_blank');
    try {
      const text = await api.listPage(list.id, query);
      if (!page) throw new api.Problem(0, '浏览器不允许打开新窗口，请允许本站弹出窗口后再试。');
      show(page, text);
      dialog.close();
    } catch (error) {
      page?.close();
      problem.textContent = error.message;
    }
  });
}

/** Which lists this viewer has. */
export async function use(viewer) {
  const button = byId('staff-lists');
  button.hidden = true;
  lists = [];
  by.value = '';
  division.value = '';
  if (viewer?.audience !== 'staff') {
    dialog.close();
    return;
  }
  try {
    lists = await api.lists();
  } catch {
    return; // this catalogue has none
  }
  // A list is of a city at most.
  division.value = viewer.division?.length >= 4 ? viewer.division : '';
  choice.replaceChildren(...lists.map((list) => el('option', { value: list.id }, list.title)));
  describe();
  button.hidden = !lists.length;
}

// Signing in and out: staff with a token, members of a village by a link that their committee hands out.
import * as api from './api.js';
import { byId } from './dom.js';

const dialog = byId('staff-dialog');
const token = byId('staff-token');
const problem = byId('staff-error');

const VIEWS = { staff: '工作人员视图', group: '本村成员视图', request: '依申请公开视图' };
export const viewTitle = (viewer) => VIEWS[viewer?.audience] ?? null;

/** The token of a link #join=TOKEN, which leaves the address bar and the history with this; null: there is none. What stands
 * behind # was never sent to a server. */
export function takeInvitation() {
  const given = new URLSearchParams(location.hash.slice(1));
  const invitation = given.get('join');
  if (invitation === null) return null;
  given.delete('join');
  history.replaceState(history.state, '', `${location.pathname}${location.search}${given.size ? `#${given}` : ''}`);
  return invitation;
}

/** Who uses the keyboard goes on here where what had the focus is no more to be seen, and not at the top of the page. */
function keepFocus(node) {
  const at = document.activeElement;
  if (at === document.body || !at?.getClientRects().length) node.focus({ preventScroll: true });
}

/** onChange(catalogue, said) is called when the viewer has changed: the catalogue as the new viewer sees it, and what leave()
 * was to tell. */
export function setUp({ onChange, onProblem }) {
  byId('staff').addEventListener('click', () => {
    token.value = '';
    problem.textContent = '';
    dialog.showModal();
    token.focus();
  });
  byId('staff-cancel').addEventListener('click', () => dialog.close());
  byId('staff-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const given = token.value.trim();
    const button = event.submitter;
    problem.textContent = '';
    if (!/^[\x21-\x7e]+$/.test(given)) { // no token has others
      problem.textContent = given ? '访问口令不正确。' : '请输入访问口令。';
      return;
    }
    if (button) button.disabled = true;
    try {
      await enter(given);
      dialog.close();
      keepFocus(byId('staff-leave')); // the button that the dialog came from has gone
    } catch (error) {
      problem.textContent = error.status === 401 ? '访问口令不正确或已失效，请核对后再输入。' : error.message;
      token.select();
    } finally {
      if (button) button.disabled = false;
      token.setAttribute('aria-invalid', String(Boolean(problem.textContent)));
    }
  });
  dialog.addEventListener('close', () => {
    if (!dialog.open) token.value = ''; // it is told late: who has opened it again may have begun to type
  });
  byId('staff-leave').addEventListener('click', () => leave());

  async function enter(given) {
    await api.signIn(given);
    const catalogue = await api.catalogue();
    // The server took the token, so the browser did not keep the cookie.
    if (!viewTitle(catalogue.viewer)) throw new api.Problem(0, '浏览器没有保存登录状态，请通过 HTTPS 访问并允许 Cookie。');
    onChange(catalogue);
  }
  let leaving = false; // once, though every tile that is under way is refused meanwhile
  async function leave(said) {
    if (leaving) return;
    leaving = true;
    try {
      await api.signOut();
      const catalogue = await api.catalogue();
      if (viewTitle(catalogue.viewer)) onProblem('这里由单位统一登录，请在统一登录处退出。');
      else {
        onChange(catalogue, said);
        keepFocus(byId('staff'));
      }
    } catch (error) {
      // Nothing of the staff view may stay on the screen.
      onProblem(error.message);
      location.reload();
    } finally {
      leaving = false;
    }
  }
  return { enter, leave };
}

/** Shows which view this is, and whose. */
export async function showMode(viewer) {
  const title = viewTitle(viewer);
  document.body.classList.toggle('staff', title !== null);
  byId('staff-banner').hidden = title === null;
  byId('staff').hidden = title !== null;
  byId('staff-name').textContent = '';
  byId('staff-scope').textContent = '';
  if (title === null) return;
  byId('staff-title').textContent = title;
  byId('staff-banner').setAttribute('aria-label', title);
  byId('staff-scope').textContent = `范围：${viewer.division && viewer.division !== '*' ? viewer.division : '全部'}`;
  try {
    const { name } = await api.whoAmI();
    if (api.signedIn()) byId('staff-name').textContent = name ?? '';
  } catch {
    // The view is the same without the name.
  }
}

// Entering and leaving the staff view.
import * as api from './api.js';
import { byId } from './dom.js';

const dialog = byId('staff-dialog');
const token = byId('staff-token');
const problem = byId('staff-error');

/** onChange(catalogue) is called when the viewer has changed: the catalogue as the new viewer sees it. */
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
    // What cannot stand in a header is no token.
    if (!/^[\x21-\x7e]+$/.test(given)) {
      problem.textContent = given ? '访问口令不正确。' : '请输入访问口令。';
      return;
    }
    if (button) button.disabled = true;
    try {
      const catalogue = await api.catalogue({ asToken: given });
      if (catalogue.viewer?.audience !== 'staff') throw new api.Problem(401, '访问口令不正确。');
      api.setToken(given);
      dialog.close();
      onChange(catalogue);
    } catch (error) {
      problem.textContent = error.status === 401 ? '访问口令不正确，请核对后再输入。' : error.message;
      token.select();
    } finally {
      if (button) button.disabled = false;
      token.setAttribute('aria-invalid', String(Boolean(problem.textContent)));
    }
  });
  dialog.addEventListener('close', () => {
    token.value = '';
  });
  byId('staff-leave').addEventListener('click', () => leave());

  async function leave() {
    api.setToken(null);
    try {
      onChange(await api.catalogue());
    } catch (error) {
      // Nothing of the staff view may stay on the screen.
      onProblem(error.message);
      location.reload();
    }
  }
  return { leave };
}

/** Shows which view this is. */
export function showMode(viewer) {
  const staff = viewer?.audience === 'staff';
  document.body.classList.toggle('staff', staff);
  byId('staff-banner').hidden = !staff;
  byId('staff').hidden = staff;
  const division = viewer?.division;
  byId('staff-scope').textContent = staff ? `范围：${division && division !== '*' ? division : '全部'}` : '';
}

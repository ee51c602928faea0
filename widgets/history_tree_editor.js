// Writing a step's name and remark, in its row.

import { make, makeButton } from "./dom.js";

/**
 * Open an editor in a row. `done` is called once: with the texts, or with nothing if it was left.
 * Returns what closes it.
 */
export function openEditor({ node, go }, row, longest, done) {
  const name = make("input", "pw-step-name", {
    type: "text",
    maxlength: longest.name,
    placeholder: row.action,
    "aria-label": `Name of step ${row.step}`,
    "data-lm-suppress-shortcuts": "true",
  });
  const remark = make("textarea", "pw-step-note", {
    maxlength: longest.remark,
    rows: 2,
    placeholder: "Note",
    "aria-label": `Note on step ${row.step}`,
    "data-lm-suppress-shortcuts": "true",
  });
  name.value = row.name;
  remark.value = row.remark;
  const save = makeButton("pw-step-save", { text: "Save", title: "Save (Enter)" });
  const leave = makeButton("pw-step-leave", { text: "Cancel", title: "Leave it as it was (Esc)" });
  const buttons = make("span", "pw-step-buttons", {}, [save, leave]);
  const form = make("div", "pw-step-editor", { role: "group" }, [name, remark, buttons]);
  const close = (texts) => {
    if (!form.isConnected) return;
    form.remove();
    go.hidden = false;
    done(texts);
  };
  const finish = () => close({ name: name.value, remark: remark.value });
  save.addEventListener("click", finish);
  leave.addEventListener("click", () => close());
  form.addEventListener("keydown", (event) => {
    const { key, target, shiftKey, isComposing } = event;
    event.stopPropagation(); // no key of a text is a shortcut
    if (isComposing) return;
    if (key === "Escape") close();
    else if (key === "Enter" && !shiftKey && target.tagName !== "BUTTON") {
      event.preventDefault(); // Shift+Enter begins a line of a note
      finish();
    }
  });
  go.hidden = true;
  go.after(form);
  name.focus({ preventScroll: true });
  name.select();
  return { close };
}

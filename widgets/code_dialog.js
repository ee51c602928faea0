// Copy as code: a button, and a dialog with the code of what was done. The kernel writes the code
// when the dialog opens; here is only which of the two forms is looked at.

import { make, makeButton } from "./dom.js";

const FORMS = [
  { form: "python", label: "Python", hint: "A script that runs on its own" },
  { form: "recipe", label: "Recipe (YAML)", hint: "pruning-workbench run FILE replays it" },
];

let dialogs = 0; // ids have to differ between the views of a page

/** One place on the page. */
class CodeDialog {
  constructor(model, el) {
    this.model = model;
    this.id = `pw-code-${(dialogs += 1)}`;
    this.code = { python: "", recipe: "" };
    this.form = "python";
    this.open = makeButton("pw-code-open", {
      text: "Copy as code",
      title: "What was done so far, as Python or as a recipe",
      "aria-haspopup": "dialog",
      "data-testid": "pw-copy-as-code",
    });
    this.open.addEventListener("click", () => this.ask());
    this.build();
    el.replaceChildren(make("div", "pw-code", {}, [this.open, this.dialog]));
  }

  build() {
    this.tabs = FORMS.map(({ form, label, hint }) => this.makeTab(form, label, hint));
    this.text = make("pre", "pw-code-text", {
      role: "tabpanel",
      id: `${this.id}-text`,
      tabindex: "0",
      "data-testid": "pw-code-text",
    });
    this.said = make("span", "pw-code-said", { role: "status", "data-testid": "pw-code-said" });
    const close = makeButton("pw-code-close", { text: "×", title: "Close (Esc)", "aria-label": "Close" });
    close.addEventListener("click", () => this.dialog.close());
    this.copy = makeButton("pw-code-copy", { text: "Copy", "data-testid": "pw-code-copy" });
    this.copy.addEventListener("click", () => this.copyText());
    this.dialog = make(
      "dialog",
      "pw-code-dialog",
      {
        "aria-labelledby": `${this.id}-title`,
        "data-testid": "pw-code-dialog",
        "data-lm-suppress-shortcuts": "true",
      },
      [
        make("div", "pw-code-head", {}, [
          make("h2", "", { id: `${this.id}-title`, text: "What was done so far" }),
          close,
        ]),
        make("div", "pw-code-bar", {}, [
          make("div", "pw-code-tabs", { role: "tablist", "aria-label": "Form" }, this.tabs),
          this.copy,
        ]),
        this.text,
        make("div", "pw-code-foot", {}, [this.makeSaving(), this.said]),
      ],
    );
    this.dialog.addEventListener("click", ({ target }) => {
      if (target === this.dialog) this.dialog.close(); // beside the paper, on the backdrop
    });
    this.choose("python");
  }

  makeTab(form, label, hint) {
    const tab = makeButton("pw-code-tab", {
      text: label,
      title: hint,
      role: "tab",
      "aria-controls": `${this.id}-text`,
      "data-form": form,
    });
    tab.addEventListener("click", () => this.choose(form));
    tab.addEventListener("keydown", ({ key }) => {
      if (key !== "ArrowLeft" && key !== "ArrowRight") return;
      this.choose(this.form === "python" ? "recipe" : "python");
      this.tabs.find((other) => other.dataset.form === this.form).focus();
    });
    return tab;
  }

  makeSaving() {
    this.path = make("input", "pw-code-path", {
      type: "text",
      value: this.model.get("path"),
      "aria-label": "File for the recipe, on the machine of the kernel",
      "data-testid": "pw-code-path",
      spellcheck: "false",
    });
    this.save = makeButton("pw-code-save", { text: "Save recipe", "data-testid": "pw-code-save" });
    this.save.addEventListener("click", () => this.savePath());
    this.path.addEventListener("keydown", ({ key, isComposing }) => {
      if (key === "Enter" && !isComposing) this.savePath();
    });
    return make("div", "pw-code-saving", {}, [this.path, this.save]);
  }

  ask() {
    this.waiting = true; // other views of the same widget stay closed
    this.say("");
    this.model.send({ type: "open" });
  }

  receive(message) {
    if (message.type === "code" && this.waiting) {
      this.waiting = false;
      this.code = { python: message.python, recipe: message.recipe };
      this.choose(this.form);
      if (!this.dialog.open) this.dialog.showModal();
      this.copy.focus();
    } else if (message.type === "saved" && this.saving) {
      this.saving = false;
      this.say(message.said, message.failed);
    }
  }

  choose(form) {
    this.form = form;
    this.text.textContent = this.code[form];
    this.text.scrollTop = 0;
    for (const tab of this.tabs) {
      const chosen = tab.dataset.form === form;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen) this.text.setAttribute("aria-label", tab.textContent);
    }
  }

  async copyText() {
    const text = this.code[this.form];
    this.say((await written(text)) || copiedFrom(this.text) ? "Copied." : "Press Ctrl+C to copy.");
  }

  savePath() {
    const path = this.path.value.trim();
    if (!path) return this.say("Name a file for the recipe.", true);
    this.saving = true;
    this.say("Saving…");
    return this.model.send({ type: "save", path });
  }

  say(text, failed = false) {
    this.said.textContent = text;
    this.said.classList.toggle("pw-failed", failed);
  }
}

/** Whether the clipboard took a text; it is there on secure pages only, and may be forbidden. */
async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether an element's text was copied the old way; it stays selected, so Ctrl+C works too. */
function copiedFrom(element) {
  const selection = window.getSelection();
  selection.selectAllChildren(element);
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  }
}

function render({ model, el }) {
  const view = new CodeDialog(model, el);
  const listen = (message) => view.receive(message);
  model.on("msg:custom", listen);
  return () => {
    view.dialog.close();
    model.off("msg:custom", listen);
  };
}

export default { render };

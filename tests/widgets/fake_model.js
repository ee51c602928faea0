// Stands in for anywidget's model: no kernel, everything sent is kept.

class FakeModel {
  constructor(state) {
    this.state = state;
    this.listeners = [];
    this.sent = [];
    this.saved = [];
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    if (JSON.stringify(this.state[name]) === JSON.stringify(value)) return;
    this.state[name] = value;
    this.fire(`change:${name}`);
  }

  save_changes() {
    this.saved.push(structuredClone(this.state));
  }

  on(name, listener) {
    this.listeners.push([name, listener]);
  }

  send(message) {
    this.sent.push(structuredClone(message));
  }

  fire(name, ...details) {
    for (const [other, listener] of this.listeners) if (other === name) listener(...details);
  }
}

async function mount(source, state, views) {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: made } = await import(url);
  const widget = typeof made === "function" ? made() : made;
  window.model = new FakeModel(state);
  window.stop = await widget.initialize?.({ model: window.model });
  for (let i = 0; i < views; i += 1) {
    const el = document.createElement("div");
    document.body.append(el);
    widget.render({ model: window.model, el });
  }
}

window.mount = mount;

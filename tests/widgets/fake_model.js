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

// Bytes arrive as a view into a message, which starts anywhere.
function received(value) {
  if (typeof value?.base64 !== "string") return value;
  const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
  const message = new Uint8Array(bytes.length + 3);
  message.set(bytes, 3);
  return new DataView(message.buffer, 3);
}

async function mount(source, state, views) {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: made } = await import(url);
  const widget = typeof made === "function" ? made() : made;
  const entries = Object.entries(state).map(([name, value]) => [name, received(value)]);
  window.model = new FakeModel(Object.fromEntries(entries));
  window.stop = await widget.initialize?.({ model: window.model });
  for (let i = 0; i < views; i += 1) {
    const el = document.createElement("div");
    document.body.append(el);
    widget.render({ model: window.model, el });
  }
}

window.mount = mount;

// The hand on a slider that the kernel moves as well. A move is numbered by when it was made, and
// what the kernel says of an earlier move is ignored: the thumb never jumps back.

const MOVE_INTERVAL_MS = 33; // at most about 30 messages a second while dragging

/** Numbers grow over all views and pages of a person's machine. */
let latestMove = 0;
function nextMove() {
  latestMove = Math.max(Date.now(), latestMove + 1);
  return latestMove;
}

export class SliderHand {
  /** `send(type, stamp)` tells the kernel of a "move" or a "release"; `input` is a range. */
  constructor(input, send) {
    Object.assign(this, { tell: send, held: false, moved: false, timer: 0, last: 0 });
    this.stamp = 0; // of the last move from here
    this.watch(input);
  }

  send(type) {
    this.stamp = nextMove();
    this.last = performance.now();
    this.tell(type, this.stamp);
  }

  move() {
    this.moved = true;
    if (this.timer) return;
    const wait = Math.max(0, this.last + MOVE_INTERVAL_MS - performance.now());
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.send("move");
    }, wait);
  }

  release() {
    this.held = false;
    if (!this.moved) return;
    clearTimeout(this.timer);
    Object.assign(this, { moved: false, timer: 0 });
    this.send("release");
  }

  /** Whether what the kernel says is older than what the hand did. */
  outranks(stamp) {
    return this.held || this.moved || stamp < this.stamp;
  }

  watch(input) {
    input.addEventListener("input", () => this.move());
    input.addEventListener("change", () => this.release());
    input.addEventListener("blur", () => this.release());
    input.addEventListener("pointerdown", () => {
      this.held = true;
      // "change" does not fire when the thumb comes back to where it started.
      const stop = new AbortController();
      const end = () => {
        stop.abort();
        setTimeout(() => this.release());
      };
      for (const type of ["pointerup", "pointercancel"]) {
        window.addEventListener(type, end, { signal: stop.signal, capture: true });
      }
    });
  }
}

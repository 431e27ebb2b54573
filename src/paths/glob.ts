import { isGlobText, type Path, parsePath, rootPath } from './path.ts';

/** What one step of a compiled pattern accepts: a character code, or one of these. */
const anyCharacter = -1;
const anyRun = -2;
const anyRunAndSlash = -3;

const slash = 0x2f;

/**
 * A pattern over whole paths. `?` is one character but not `/`, `*` any run without `/`, `**` any
 * run; there are no classes and no escapes. So `/**` matches every path, `/` included, and `/a/**`
 * does not match `/a`.
 */
export class Glob {
  readonly text: string;
  /** The one path that matches, when the pattern holds no wildcard. */
  readonly exact: Path | null;
  /** What every match begins with: the text before the first wildcard. */
  readonly head: string;
  /** The lowest directory that every match lies in (the root lies in itself). */
  readonly prefix: Path;
  /** What every match ends with: the text after the last wildcard. */
  readonly #tail: string;
  /** What stands between `head` and `#tail`; begins and ends with a wildcard. */
  readonly #steps: readonly number[];

  constructor(text: string) {
    this.text = text;
    const first = text.search(/[*?]/);
    this.exact = first === -1 ? parsePath(text) : null;
    this.head = first === -1 ? text : text.slice(0, first);
    const last = Math.max(text.lastIndexOf('*'), text.lastIndexOf('?'));
    this.#tail = first === -1 ? '' : text.slice(last + 1);
    this.#steps = first === -1 ? [] : stepsOf(text.slice(first, last + 1));
    this.prefix = directoryOf(this.head);
  }

  /** Takes time in proportion to the lengths of path and pattern multiplied, whatever they hold. */
  matches(path: Path): boolean {
    if (this.exact !== null) return path === this.exact;
    const from = this.head.length;
    const upto = path.length - this.#tail.length;
    if (upto < from || !path.startsWith(this.head) || !path.endsWith(this.#tail)) return false;
    if (this.#steps.length > 1) return runMatches(this.#steps, path, from, upto);
    switch (this.#steps[0]) {
      case anyRunAndSlash:
        return true;
      case anyRun: {
        const at = path.indexOf('/', from);
        return at === -1 || at >= upto;
      }
      default:
        return upto === from + 1 && path.charCodeAt(from) !== slash;
    }
  }
}

/**
 * `text` as a pattern, or `null` when it is none: the same grammar as a path, with `*` and `?`
 * allowed anywhere in a name. How long it may be is the caller's to check.
 */
export const compileGlob = (text: string): Glob | null =>
  isGlobText(text) ? new Glob(text) : null;

/** The last directory that `head` names in full. */
function directoryOf(head: string): Path {
  const at = head.lastIndexOf('/');
  return at <= 0 ? rootPath : (head.slice(0, at) as Path);
}

/**
 * Of neighbouring stars the second widens the first, the third begins anew, the fourth widens that.
 */
function stepsOf(text: string): number[] {
  const steps: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '?') steps.push(anyCharacter);
    else if (character !== '*') steps.push(text.charCodeAt(i));
    else if (text.charAt(i + 1) === '*') {
      steps.push(anyRunAndSlash);
      i++;
    } else steps.push(anyRun);
  }
  return steps;
}

/**
 * Whether `steps` can take exactly `text[from, upto)`, by keeping the set of all steps that may
 * come next. A backtracking matcher would take exponential time on patterns like `/*a*a*a*b`, and
 * patterns come from guests.
 */
function runMatches(steps: readonly number[], text: string, from: number, upto: number): boolean {
  // `next[s]`: the steps before `s` have taken everything so far.
  let next = new Uint8Array(steps.length + 1);
  let later = new Uint8Array(steps.length + 1);
  next[0] = 1;
  skipRuns(steps, next);
  for (let i = from; i < upto; i++) {
    const code = text.charCodeAt(i);
    let alive = false;
    for (let s = 0; s < steps.length; s++) {
      if (next[s] !== 1) continue;
      const step = steps[s];
      if (step === anyRunAndSlash || (step === anyRun && code !== slash)) {
        later[s] = 1;
        alive = true;
      } else if (step === code || (step === anyCharacter && code !== slash)) {
        later[s + 1] = 1;
        alive = true;
      }
    }
    if (!alive) return false;
    skipRuns(steps, later);
    [next, later] = [later, next];
    later.fill(0);
  }
  return next[steps.length] === 1;
}

/** A run may be empty, so where it may come next, what follows it may too. */
function skipRuns(steps: readonly number[], next: Uint8Array): void {
  for (let s = 0; s < steps.length; s++) {
    const step = steps[s];
    if (next[s] === 1 && (step === anyRun || step === anyRunAndSlash)) next[s + 1] = 1;
  }
}

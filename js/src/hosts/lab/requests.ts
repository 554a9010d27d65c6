/** Which questions to a kernel are open, which of their answers are late, which answers are old news. Pure. */

export interface Question {
  /** "runs", "pause", ... */
  readonly kind: string;
  /** The run that it is about, if it is about one. */
  readonly run: string | null;
  /** When it was asked (ms). */
  readonly at: number;
}

/** After so many ms without an answer a kernel counts as one that does not answer for now. */
export const PATIENCE = 2500;

export class Requests {
  private readonly open = new Map<string, Question>();
  private last = 0;
  private newest = 0;

  /** Takes note of a question; returns its number. */
  ask(kind: string, run: string | null, now: number): string {
    const request = String(++this.last);
    this.open.set(request, { kind, run, at: now });
    return request;
  }

  /** Takes an answer; null when nobody asked, or the kernel was restarted since. */
  answered(request: string): Question | null {
    const question = this.open.get(request) ?? null;
    this.open.delete(request);
    return question;
  }

  /** Whether the list in this answer is newer than all seen so far; answers may overtake each other. */
  isNews(request: string): boolean {
    const number = Number(request);
    if (!(number > this.newest)) {
      return false;
    }
    this.newest = number;
    return true;
  }

  isOpen(kind: string): boolean {
    return [...this.open.values()].some((question) => question.kind === kind);
  }

  /** Whether the kernel lets us wait. */
  late(now: number, patience = PATIENCE): boolean {
    return [...this.open.values()].some((question) => now - question.at >= patience);
  }

  /** In how many ms the first of the open questions will be late; null when none is open or all are late. */
  untilLate(now: number): number | null {
    const waits = [...this.open.values()].map((question) => question.at + PATIENCE - now);
    const coming = waits.filter((wait) => wait > 0);
    return coming.length === 0 ? null : Math.min(...coming);
  }

  /** The kernel was restarted: nothing that was asked will be answered. */
  forget(): void {
    this.open.clear();
  }
}

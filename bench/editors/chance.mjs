// Chance that is the same in each run: numbers and words from a seed.

const WORDS =
  "vi ska samordna och som en att för av med till den det inom kommunen regionen länsstyrelsen staben ansvarar lägesbild beslut snö väg el vatten vård skola information allmänheten resurser prioriterar behov stöd åtgärder tidigt tillsammans under natten återställs snarast viktiga samhällsfunktioner människor påverkas budskap gemensamt uppdateras varje timme".split(" ");

export class Chance {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** From 0 to just under 1 (mulberry32). */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number below this one. */
  below(end) {
    return Math.floor(this.next() * end);
  }

  /** Whether something of this probability happens. */
  is(probability) {
    return this.next() < probability;
  }

  /** A length whose mean is this, at least 1, as those of runs are. */
  run(mean) {
    return 1 + Math.floor(-Math.log(1 - this.next()) * mean);
  }

  word() {
    return WORDS[this.below(WORDS.length)];
  }
}

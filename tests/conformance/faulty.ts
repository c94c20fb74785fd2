/**
 * Documented results that are not of the documented query, each with its reason. Microsoft's binder
 * agrees with us on all of them; they are not counted against the compiler.
 */
export const faultyCases: ReadonlyMap<string, string> = new Map([
  [
    'contains-cs-operator#1',
    'the output is of a later | count; the binder gives State, event_count',
  ],
  ['in-operator#3', 'the output is of a later | count; the binder gives State, count_'],
  ['not-in-cs-operator#3', 'the output is of a later | count; the binder gives State, count_'],
  ['not-in-cs-operator#4', 'the header names count_ Count; the binder gives State, count_'],
  ['not-in-cs-operator#5', 'the header names count_ Count; the binder gives State, count_'],
  ['not-in-operator#3', 'the output is of a later | count; the binder gives State, count_'],
  ['shuffle-query#6', 'the output is of a later | count; the binder gives both sides of the join'],
  [
    'top-hitters-operator#3',
    'the header is of the form with by; the binder gives approximate_count_State',
  ],
  ['tutorials/learn-common-operators#7', 'the header has a slip of the pen, Eventype'],
]);

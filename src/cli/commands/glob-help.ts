/** What both do while nobody is there. */
export const goesOnHelp = `While none can be reached it waits for one, says so on
standard error after some seconds, and again when one answers.`;

/** What `wait` and `watch` both explain. */
export const globAndRecordHelp = `In <glob>, ? stands for one character other than a slash, * for any number of such characters, also
none, and ** for any number of characters, slashes too. Everything else stands for itself.

A record is

  PATH REV WORD LEN
  BODY

where WORD is set or del, or nothing for a nop, and LEN is the length of BODY in bytes. BODY may hold
line feeds: go by LEN. With -json it is a line:

  {"path": PATH, "revision": REV, "event": "set", "body": TEXT}

where "event" is set, del or nop, only a set has a body, and a body that is no UTF-8 is in "bodyBase64".`;

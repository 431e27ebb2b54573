/** For commands that are told a member. */
export const targetHelp = `A node is its id, the beginning of its id, or its address ("doozer members"). -t bounds the wait (default 15s);
what has not taken effect by then may yet.
`;

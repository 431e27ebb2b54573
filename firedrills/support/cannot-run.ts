/** This machine, or this user, has not what a drill needs. Says what is missing. */
export class CannotRun extends Error {}

// `node --import tools/tether.mjs PROGRAM`: ends the program in order when whoever started it is gone,
// however that went: standard input is a pipe that only the starter holds open.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.on('error', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
// No reason to stay once the program is done.
process.stdin.unref();

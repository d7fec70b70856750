import { hear, tell } from './parent.js';

// Adds what it is told to its first argument, once; then it has nothing left to do.
await tell(Number(process.argv[2]) + (await hear<number>()));

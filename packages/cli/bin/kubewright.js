#!/usr/bin/env -S node --max-semi-space-size=32
// New objects get more room than Node gives them: what a burst of requests makes is mostly gone when room runs out, and
// then costs nothing to collect.
import '../bundle/main.js';

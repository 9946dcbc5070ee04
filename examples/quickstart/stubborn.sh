#!/bin/sh
# Says no to SIGTERM. Only SIGKILL ends it.

trap 'echo "no, I stay"' TERM

echo "here I am, process $$"
while true; do
  sleep 1
done

#!/bin/sh
# Needs three seconds to warm up, then works.

for step in 1 2 3; do
  echo "warming up, step $step of 3"
  sleep 1
done
echo "warm"

beat=0
while true; do
  sleep 2
  beat=$((beat + 1))
  echo "beat $beat"
done

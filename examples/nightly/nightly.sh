#!/usr/bin/env bash
# Upscales what changed in a texture library. Takes what `cg-upscale run` takes; for cron, which mails what is printed:
#
#     PATH=/opt/cg-upscaler/bin:/usr/bin:/bin
#     MAILTO=textures@example.com
#     0 2 * * *  /opt/cg-upscaler/nightly.sh /srv/textures --config /srv/game.yaml --out /srv/textures-4x
#
# Nothing is printed unless something failed. $NIGHTS keeps what is told of the last $KEEP nights. Two runs on one output
# folder are no danger: the second waits for the first.
set -u
shopt -s nullglob

NIGHTS=${NIGHTS:-$HOME/cg-upscale-nights}
KEEP=${KEEP:-14}

night=$NIGHTS/$(date -u +%Y-%m-%dT%H-%M-%SZ)-$$
mkdir -p "$night" || exit 2

cg-upscale run "$@" --quiet --wait 3600 --max-failures 100 --time-limit 3600 \
    --log "$night/events.jsonl" --summary "$night/summary.json" --junit "$night/junit.xml" \
    >"$night/output.txt" 2>&1 &
run=$!
trap 'kill -TERM "$run" 2>/dev/null' INT TERM HUP  # it ends what it has begun, and records it
wait "$run"
code=$?
while kill -0 "$run" 2>/dev/null; do  # a signal ended the wait, not the run
    wait "$run"
    code=$?
done

nights=("$NIGHTS"/20*Z-*/)
for ((i = 0; i < ${#nights[@]} - KEEP; i++)); do
    rm -rf -- "${nights[i]}"
done

case $code in
    0) exit 0 ;;
    1) what="some textures failed, the rest is done" ;;
    2) what="nothing was done" ;;
    3) what="a bug in cg-upscale" ;;
    4) what="quality gates rejected results, the rest is done" ;;
    *) what="it was stopped, and goes on where it was the next time" ;;
esac
printf 'cg-upscale: %s (exit code %d)\n\n' "$what" "$code"
tail -n 50 "$night/output.txt"
printf '\nAll that was told: %s\n' "$night"
exit "$code"

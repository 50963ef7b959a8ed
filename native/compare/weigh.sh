#!/bin/sh
# What each library adds: processor time of a clean release build, and bytes of the stripped program.
set -eu
cd "$(dirname "$0")"
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
cargo fetch --locked --quiet
for features in "" aws-lc-rs ring graviola rustcrypto; do
    rm -rf "$target"
    /usr/bin/env bash -c "TIMEFORMAT='%U %S'; time cargo build --quiet --release --locked --no-default-features \
        --features '$features' --target-dir '$target'" 2>"$target.time"
    seconds=$(tail -n 1 "$target.time" | awk '{ printf "%.0f", $1 + $2 }')
    strip "$target/release/fieldvault-compare"
    size=$(wc -c <"$target/release/fieldvault-compare")
    printf '%-12s %4s s of processor time  %9s bytes\n' "${features:-none}" "$seconds" "$size"
    rm -f "$target.time"
done

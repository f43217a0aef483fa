#!/bin/sh
# Stands in for QEMU where the tools themselves are tested. The words of -append are its
# score, taken in order:
#   play=FILE   copy FILE to the serial line      hear=N      read N typed bytes and echo them
#   mutter=X    complain on standard error        hang        say nothing for ever
#   status=N    end with this status              die         end by a signal
while [ $# -gt 0 ]; do
    [ "$1" = -append ] && score=$2
    shift
done
for word in $score; do
    case $word in
        play=*) cat "${word#play=}" ;;
        hear=*) head -c "${word#hear=}" | tr '\r' '\n' ;;
        mutter=*) echo "${word#mutter=}" >&2 ;;
        hang) exec sleep 600 ;;
        status=*) exit "${word#status=}" ;;
        die) kill -9 $$ ;;
    esac
done

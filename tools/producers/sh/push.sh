#!/bin/sh
# Pushes one image with nothing but redis-cli and base64: a job may be JSON, too.
#
#     push.sh photo.jpg emoji result.jpg
#
# RETOUCH_REDIS says where Redis is (redis://... or unix:///path). The contract is include/PROTOCOL.md.
set -eu
if [ $# -ne 3 ]; then
  echo "usage: push.sh IMAGE EFFECT RESULT" >&2
  exit 2
fi
queue='rt:{default}'
id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

redis=${RETOUCH_REDIS:-redis://127.0.0.1:6379}

call() {
  case $redis in
  unix://*) redis-cli -s "${redis#unix://}" "$@" ;;
  *) redis-cli -u "$redis" "$@" ;;
  esac
}

# Through a pipe, not as an argument: images are larger than a command line may be.
{
  printf '{"id":"%s","effect":"%s","reply_to":"%s","image":{"data":"' "$id" "$2" "$id"
  base64 <"$1" | tr -d '\n'
  printf '"}}'
} | call -x LPUSH "$queue:jobs" >/dev/null

call BRPOP "$queue:reply:$id" 120 >/dev/null
state=$(call HGET "$queue:job:$id" state)
if [ "$state" != done ]; then
  echo "push.sh: ${state:-not ended yet}: $(call HGET "$queue:job:$id" error_message)" >&2
  exit 1
fi
# redis-cli ends its output with a line feed that is not the image's.
call GET "$queue:result:$id" | head -c -1 >"$3"

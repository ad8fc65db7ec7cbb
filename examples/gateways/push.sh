#!/usr/bin/env bash
# Anything that can post: our own JSON and CloudEvents (as OpenMeter's clients send) with curl.
# COLLECTOR=http://127.0.0.1:4318 TOKEN=apc_... ./push.sh
set -euo pipefail
now=$(date --utc +%Y-%m-%dT%H:%M:%SZ)

push() { # path, content type, body
  curl --silent --show-error --fail-with-body --retry 5 --retry-all-errors \
    --header "Authorization: Bearer $TOKEN" --header "Content-Type: $2" --data "$3" "$COLLECTOR$1"
  echo
}

# The same request_id again is the same call, and counts once: repeat as often as you like.
push /v1/usage application/json "[
  {\"request_id\": \"example-1\", \"at\": \"$now\", \"tenant\": \"acme\", \"provider\": \"openai\",
   \"model\": \"gpt-4o\", \"input_tokens\": 1000, \"cache_read_tokens\": 200, \"output_tokens\": 300}
]"

push /v1/events application/cloudevents+json "
  {\"specversion\": \"1.0\", \"type\": \"prompt\", \"id\": \"example-2\", \"source\": \"my-app\",
   \"subject\": \"acme\", \"time\": \"$now\",
   \"data\": {\"provider\": \"openai\", \"model\": \"gpt-4o\", \"tokens\": \"123\", \"type\": \"input\"}}"

push /v1/events application/cloudevents-batch+json "[
  {\"specversion\": \"1.0\", \"type\": \"prompt\", \"id\": \"example-3\", \"source\": \"my-app\",
   \"subject\": \"acme\", \"time\": \"$now\",
   \"data\": {\"provider\": \"openai\", \"model\": \"gpt-4o\", \"prompt_tokens\": 10, \"completion_tokens\": 4}}
]"

# Bytes by customer and slot over some `read` files: {"alice": {"1800000000": N}}; each customer's
# flows beside it, and all bytes.
def seconds: sub("\\.[0-9]+"; "") | fromdateiso8601;

[.[] | if type == "array" then .[] else . end] as $files
| [$files[] | .slot as $slot | .customers[]
	| . as $c
	| ([.earlier[]? | .up_bytes + .down_bytes] | add // 0) as $earlier
	| {id, flows: (.up.flows + .down.flows), bytes: (.up.bytes + .down.bytes),
	   cells: ([{time: ($slot | seconds), bytes: (.up.bytes + .down.bytes - $earlier)}]
		+ [.earlier[]? | {time: (.time | seconds), bytes: (.up_bytes + .down_bytes)}])}]
| group_by(.id)
| map({key: .[0].id, value: {
	flows: (map(.flows) | add), bytes: (map(.bytes) | add),
	slots: (map(.cells[]) | group_by(.time)
		| map({key: (.[0].time | tostring), value: (map(.bytes) | add)}) | from_entries)}})
| from_entries

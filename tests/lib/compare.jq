# Says where `show` (or a sum of snapshots) differs from what was sent; nothing where it does not.
{bytes: 0, packets: 0, flows: 0} as $none
| ($shown[0] | if type == "array" then .[0] else . end) as $shown
| $sent[0] as $sent
| ([$shown.customers[] | {key: .id, value: {up, down}}] | from_entries) as $counted
| def sum(of): reduce of as $n (0; . + $n);
(
	(($sent.by_customer | keys) + ($counted | keys) | unique[]) as $id
	| ("up", "down") as $way
	| {what: "\($id) \($way)",
	   sent: ($sent.by_customer[$id][$way] // $none), counted: ($counted[$id][$way] // $none)}
),
(
	("unmatched", "local", "total") as $part
	| {what: $part, sent: $sent[$part], counted: $shown[$part]}
),
(
	("bytes", "packets", "flows") as $unit
	| {what: "parts and total, \($unit)",
	   sent: $shown.total[$unit],
	   counted: (sum($shown.customers[].up[$unit]) + sum($shown.customers[].down[$unit])
		+ $shown.unmatched[$unit] - $shown.local[$unit])}
)
| select(.sent != .counted)
| "\(.what): sent \(.sent | tojson), counted \(.counted | tojson)"

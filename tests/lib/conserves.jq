# Says where the sums of one `show` or `read` do not agree; nothing where they do.
def sum(of): reduce of as $n (0; . + $n);

(if type == "array" then .[] else . end)
| . as $all
| ("bytes", "packets", "flows") as $unit
| (sum($all.customers[].up[$unit]) + sum($all.customers[].down[$unit])
	+ $all.unmatched[$unit] - $all.local[$unit]) as $parts
| select($parts != $all.total[$unit])
| "\($unit): the parts are \($parts), the total \($all.total[$unit])"

# Sums of several files of `nfmeter read`, in the shape of `show`.
def plus($a; $b): {
	bytes: (($a.bytes // 0) + $b.bytes),
	packets: (($a.packets // 0) + $b.packets),
	flows: (($a.flows // 0) + $b.flows)
};

reduce (map(if type == "array" then .[] else . end) | .[]) as $file (
	{by_id: {}};
	.unmatched = plus(.unmatched; $file.unmatched)
	| .local = plus(.local; $file.local)
	| .total = plus(.total; $file.total)
	| reduce $file.customers[] as $c (.;
		.by_id[$c.id] = {
			id: $c.id,
			up: plus(.by_id[$c.id].up; $c.up),
			down: plus(.by_id[$c.id].down; $c.down)
		}))
| .customers = [.by_id[]]

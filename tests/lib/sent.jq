# Sums of several runs of nfsend.
def plus($a; $b): {
	bytes: (($a.bytes // 0) + $b.bytes),
	packets: (($a.packets // 0) + $b.packets),
	flows: (($a.flows // 0) + $b.flows)
};

reduce .[] as $run (
	{sent: 0, datagrams: 0, bad: 0, records: 0, by_customer: {}};
	.sent += $run.sent | .datagrams += $run.datagrams | .bad += $run.bad
	| .records += $run.records
	| .unmatched = plus(.unmatched; $run.unmatched)
	| .local = plus(.local; $run.local)
	| .total = plus(.total; $run.total)
	| reduce ($run.by_customer | to_entries[]) as $c (.;
		.by_customer[$c.key] = {
			up: plus(.by_customer[$c.key].up; $c.value.up),
			down: plus(.by_customer[$c.key].down; $c.value.down)
		}))

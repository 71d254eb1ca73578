# Where documents differ from the tables of docs/json.md: a line for each key, nothing where they
# agree. Input: rows of {path, type, absent}; $real: the documents; $complete: all keys have come.

# "customers[].up.bytes"; "reasons.NAME", whichever reason it is
def name:
	reduce .[] as $step (""; if $step | type == "number" then . + "[]"
		elif . == "reasons" then . + ".NAME"
		elif . == "" then $step
		else . + "." + $step end);

def is_of($wanted; $absent):
	if $wanted == "time" then type == "string" and test("^[0-9-]{10}T[0-9:]{8}Z$")
	elif $wanted == "integer" then type == "number" and . == floor
	else type == $wanted end
	or (. == null and ($absent | startswith("null")));

# of a path all that lead to it, the longest last: "", "a", "a[]", "a[].b"
def ways:
	. as $path | "", ([match("\\[\\]|\\."; "g").offset] | map($path[:.]) | unique[]), $path;

def parent:
	if endswith("[]") then .[:-2] else sub("\\.?[^.\\]]*$"; "") end;

[.[] | if .type == "COUNT" then . as $row | ("bytes", "packets", "flows")
	| {path: "\($row.path).\(.)", type: "integer", absent: $row.absent} else . end] as $rows
| ($rows | map({key: .path, value: .}) | from_entries) as $leaf
# containers; one that need not be there has only keys that need not
| ([$rows[] | . as $row | .path | ways | select(. != $row.path)
	| {path: ., must: ($row.absent | startswith("absent") | not)}]
	| group_by(.path) | map({key: .[0].path, value: any(.[]; .must)}) | from_entries) as $inner
| (($rows | map({path, must: (.absent | startswith("absent") | not)}))
	+ ($inner | to_entries | map({path: .key, must: .value}))
	| map(select(.must and (.path | endswith("[]") | not) and .path != ""))
	| group_by(.path | parent) | map({key: (.[0].path | parent), value: map(.path)})
	| from_entries) as $must
| [$real[] | . as $document | [paths] + [[]] | .[] as $way | {
	path: ($way | name), value: ($document | getpath($way)) }] as $values
| [
	($values[] | select($leaf[.path] == null and $inner[.path] == null)
		| "\(.path): not in docs/json.md"),
	($values[] | select($leaf[.path]) | $leaf[.path] as $row
		| select(.value | is_of($row.type; $row.absent) | not)
		| "\(.path): \(.value) is no \($row.type)"),
	($values[] | select($leaf[.path] == null and $inner[.path] != null
			and (.value | type != "array" and type != "object"))
		| "\(.path): \(.value) is neither an object nor an array"),
	($values[] | select(.value | type == "object") | . as $object
		| $must[.path] // [] | .[] | . as $path
		| select(sub("^.*\\."; "") as $key | $object.value | has($key) | not)
		| "\($path): missing"),
	(select($complete) | ([$values[].path] | unique | map({key: ., value: true}) | from_entries)
		as $came | $rows[] | select($came[.path] | not)
		| "\(.path): in docs/json.md, but never printed")
] | unique[]

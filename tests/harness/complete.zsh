# SPDX-License-Identifier: ISC
#
# zsh -f complete.zsh DIR LINE...: what a zsh with the completions in DIR makes of
# each line when TAB is pressed at its end, one a line.  Where there are several
# it stays as it is.  The key that is pressed then begins no other, or zsh waits
# for the rest of that.
zmodload zsh/zpty
out=$(mktemp -u)
mkfifo $out
exec {fifo}<>$out
trap 'rm -f $out; zpty -d z' EXIT
zpty z zsh -f -i
zpty -w z "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D
	dump() { print -r -- \$BUFFER >$out; BUFFER=; }
	zle -N dump; bindkey '^T' dump; bindkey '^I' complete-word
	unsetopt auto_list beep; print RE''ADY"
zpty -r z said '*READY*'
for line in "${@:2}"; do
	zpty -w -n z $line$'\t\x14'
	read -r -u $fifo completed
	print -r -- $completed
done

# Made by `assay help bash`; `make docs` writes it anew.
_assay() {
	local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} options=
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--stage) COMPREPLY=($(compgen -W 'static dynamic all' -- "$word")); return ;;
	--edition) COMPREPLY=($(compgen -W 'stu1 stu2' -- "$word")); return ;;
	--tls-verify) COMPREPLY=($(compgen -W 'true false' -- "$word")); return ;;
	--outside) COMPREPLY=($(compgen -W 'refuse drop' -- "$word")); return ;;
	--color) COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
	--progress) COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
	esac
	if [ "$COMP_CWORD" = 1 ]; then
		COMPREPLY=($(compgen -W 'check product rules explain run inspect store doctor help' -- "$word"))
		return
	fi
	case $verb in
	check) options='--product --task --stage --edition --platform --authfile --tls-verify --policy --only --skip --quick --memory --env --env-file --outside --service --service-env --timeout --keep --dry-run --report --quiet --verbose --color --progress --help --version ' ;;
	product) options='--platform --authfile --tls-verify --quiet --verbose --color --progress --help --version ' ;;
	rules) options='--edition --report --quiet --verbose --color --progress --help --version ' ;;
	explain) options='--edition --report --quiet --verbose --color --progress --help --version ' ;;
	run) options='--product --task --platform --authfile --tls-verify --policy --memory --env --env-file --outside --service --service-env --read-only --tmpfs --timeout --keep --dry-run --quiet --verbose --color --progress --help --version ' ;;
	inspect) options='--platform --authfile --tls-verify --policy --report --quiet --verbose --color --progress --help --version ' ;;
	store) options='--policy --report --all --size --quiet --verbose --color --progress --help --version ' ;;
	doctor) options='--quiet --verbose --color --progress --help --version ' ;;
	esac
	COMPREPLY=($(compgen -W "$options" -- "$word") $(compgen -f -- "$word"))
}
complete -o filenames -F _assay assay

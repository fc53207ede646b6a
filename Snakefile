include: "workflow/Snakefile"


# A plain include brings no default target along.
rule default:
    default_target: True
    input:
        rules.all.input,

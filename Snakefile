include: "workflow/Snakefile"


# An included file does not bring a default target along.
rule default:
    default_target: True
    input:
        refuse_batch_of_all,
        rules.all.input,

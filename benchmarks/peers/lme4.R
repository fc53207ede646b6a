# Restricted maximum likelihood estimates of the two models with lme4.
# Rscript lme4.R FOLDER MODEL GENES SGRNAS ROWS
# FOLDER holds gene.bin, sgrna.bin (a code from 1 for each row, 32 bits) and x.bin, logfc.bin (doubles). Writes result.txt there: lines
# of kind, name and value, separated by tabs.
if (!suppressPackageStartupMessages(require(lme4, quietly = TRUE))) quit(status = 3)
loaded <- proc.time()

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
model <- arguments[2]
size <- as.integer(arguments[3:5])

read <- function(name, what) readBin(file.path(folder, paste0(name, ".bin")), what, size[3])
# factor() would sort all rows as text; the codes are there already.
codes <- function(name, count) {
  structure(read(name, "integer"), levels = as.character(seq_len(count)), class = "factor")
}
screen <- data.frame(
  gene = codes("gene", size[1]), sgrna = codes("sgrna", size[2]),
  x = read("x", "double"), logfc = read("logfc", "double")
)

formula <- switch(model,
  varying_effects = logfc ~ 1 + x + (1 | gene) + (0 + x | gene) + (1 | sgrna) + (0 + x | sgrna),
  correlated_effects = logfc ~ 1 + x + (1 | gene) + (0 + x | gene) + (1 + x | sgrna)
)
start <- proc.time()
fit <- lmer(formula, screen)
took <- proc.time() - start

lines <- function(kind, values) paste(kind, names(values), format(values, digits = 15, trim = TRUE), sep = "\t")
spread <- as.data.frame(VarCorr(fit))
group <- sub("\\.[0-9]+$", "", spread$grp) # the second term of a group is called gene.1
terms <- paste(group, ifelse(is.na(spread$var1), "", spread$var1), ifelse(is.na(spread$var2), "", spread$var2))
variables <- c(
  "gene (Intercept) " = "sigma_gamma", "gene x " = "sigma_delta", "sgrna (Intercept) " = "sigma_alpha", "sgrna x " = "sigma_beta",
  "sgrna (Intercept) x" = "rho", "Residual  " = "sigma"
)
fixed <- c(mu_gamma = "(Intercept)", mu_delta = "x")
messages <- c(unlist(fit@optinfo$conv$lme4$messages), if (isSingular(fit)) "singular fit")
writeLines(c(
  lines("mean", setNames(fixef(fit)[fixed], names(fixed))),
  lines("mean", setNames(spread$sdcor, variables[terms])),
  lines("sd", setNames(sqrt(diag(as.matrix(vcov(fit))))[fixed], names(fixed))),
  lines("seconds", c(
    load = loaded[["elapsed"]], sample = took[["elapsed"]], cpu = sum(took[c("user.self", "sys.self", "user.child", "sys.child")])
  )),
  if (length(messages)) paste("message", "lme4", gsub("[\t\n]", " ", messages), sep = "\t"),
  paste("version", "lme4", packageVersion("lme4"), sep = "\t")
), file.path(folder, "result.txt"))

# An image with the environment of requirements.lock, in which the workflow runs without any set-up:
#   docker build -t guidefit . && docker run --rm -v "$PWD/results:/guidefit/results" guidefit
# For Apptainer: docker save guidefit -o guidefit.tar && apptainer build guidefit.sif docker-archive://guidefit.tar
FROM python:3.13-slim-bookworm

# A compiler for PyTensor, make for the targets; versions are those of the base image's release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /guidefit
# The environment first: it is built again only when the lock file changes.
COPY requirements.lock ./
COPY envs/make_env.sh envs/
RUN sh envs/make_env.sh
COPY . .

ENTRYPOINT ["make"]
CMD ["run"]

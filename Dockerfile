# One image for web, worker and migrations. Built from pyproject.toml's dependencies alone (no tests, no embedded servers), at
# the lock file's versions and hashes.
FROM python:3.13-slim

RUN pip install --no-cache-dir "uv>=0.9" && useradd --system --uid 10001 gatehouse
WORKDIR /srv/gatehouse
COPY pyproject.toml requirements.lock ./
RUN uv pip install --system --no-cache --compile-bytecode --constraint requirements.lock -r pyproject.toml
COPY . .

USER gatehouse
ENV PYTHONUNBUFFERED=1 GATEHOUSE_ENVIRONMENT=production GATEHOUSE_HOST=0.0.0.0
EXPOSE 8000
ENTRYPOINT ["python", "-m", "cli.main"]
CMD ["run"]

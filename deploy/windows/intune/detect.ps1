# Detection rule: writes a line and exits with 0 if the agent is there in at least this version and its service exists.
param([version] $Least = '0.1.0')
$program = Join-Path $env:ProgramFiles 'Caliper\Agent\caliper-agent.exe'
if (-not (Test-Path -LiteralPath $program)) { exit 1 }
if (-not (Get-Service -Name CaliperAgent -ErrorAction SilentlyContinue)) { exit 1 }
$said = (& $program version --json | Out-String) | ConvertFrom-Json
if ([version]$said.version -lt $Least) { exit 1 }
Write-Output "caliper-agent $($said.version)"
exit 0

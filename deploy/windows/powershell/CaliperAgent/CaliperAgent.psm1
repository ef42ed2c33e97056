Set-StrictMode -Version 2

# What runs on each server. Results are objects, so that lists of servers can be filtered and exported.
$AgentPath = 'Caliper\Agent\caliper-agent.exe'

function Invoke-OnServer {
    param([System.Management.Automation.Runspaces.PSSession] $Session, [scriptblock] $Work, [object[]] $Arguments = @())
    try {
        Invoke-Command -Session $Session -ScriptBlock $Work -ArgumentList $Arguments -ErrorAction Stop
    } catch {
        [pscustomobject]@{ ComputerName = $Session.ComputerName; Succeeded = $false; Detail = $_.Exception.Message }
    }
}

function Use-Server {
    param([string] $ComputerName, [pscredential] $Credential, [scriptblock] $Work)
    $options = @{ ComputerName = $ComputerName; ErrorAction = 'Stop' }
    if ($Credential) { $options.Credential = $Credential }
    try {
        $session = New-PSSession @options
    } catch {
        return [pscustomobject]@{ ComputerName = $ComputerName; Succeeded = $false; Detail = $_.Exception.Message }
    }
    try { & $Work $session } finally { Remove-PSSession $session }
}

<#
.SYNOPSIS
Installs the agent, or brings it to the version of the package; configuration and identity stay.

.EXAMPLE
Get-Content servers.txt | Install-CaliperAgent -Package .\caliper-agent.msi -TokenFile .\token | Export-Csv done.csv
#>
function Install-CaliperAgent {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)] [string[]] $ComputerName,
        [Parameter(Mandatory = $true)] [ValidateScript({ Test-Path -LiteralPath $_ -PathType Leaf })] [string] $Package,
        [ValidateScript({ Test-Path -LiteralPath $_ -PathType Leaf })] [string] $TokenFile,
        [ValidatePattern('^[^:/\s]+:\d+$')] [string] $Server,
        [ValidatePattern('^http://[^:/@\s]+:\d+$')] [string] $Proxy,
        [ValidatePattern('^[^,"]{1,64}$')] [string] $Site,
        [ValidatePattern('^[^,"]{1,64}$')] [string[]] $Tag,
        [ValidateSet('error', 'warn', 'info', 'debug', 'trace')] [string] $LogLevel,
        [pscredential] $Credential
    )
    process {
        foreach ($name in $ComputerName) {
            if (-not $PSCmdlet.ShouldProcess($name, 'install the Caliper agent')) { continue }
            Use-Server $name $Credential {
                param($session)
                $folder = Invoke-Command -Session $session -ScriptBlock {
                    $folder = Join-Path $env:SystemRoot ('Temp\caliper-' + [Guid]::NewGuid().ToString('N'))
                    [void](New-Item -ItemType Directory -Path $folder)
                    # a token must not be read by others
                    & icacls.exe $folder /inheritance:r /grant '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null
                    $folder
                }
                Copy-Item -ToSession $session -LiteralPath $Package -Destination "$folder\caliper-agent.msi"
                if ($TokenFile) { Copy-Item -ToSession $session -LiteralPath $TokenFile -Destination "$folder\token" }
                Invoke-OnServer $session {
                    param($folder, $server, $proxy, $site, $tags, $level)
                    $arguments = @('/i', "`"$folder\caliper-agent.msi`"", '/qn', '/norestart', '/l*v', "`"$folder\install.log`"")
                    if (Test-Path -LiteralPath "$folder\token") { $arguments += "ENROLLTOKENFILE=`"$folder\token`"" }
                    if ($server) { $arguments += "SERVER=$server" }
                    if ($proxy) { $arguments += "PROXY=$proxy" }
                    if ($site) { $arguments += "SITE=`"$site`"" }
                    if ($tags) { $arguments += "TAGS=`"$tags`"" }
                    if ($level) { $arguments += "LOGLEVEL=$level" }
                    $done = Start-Process msiexec.exe -ArgumentList $arguments -Wait -PassThru
                    $succeeded = 0, 3010 -contains $done.ExitCode
                    $detail = "msiexec ended with $($done.ExitCode)"
                    if ($succeeded) {
                        Remove-Item -LiteralPath $folder -Recurse -Force
                    } else {
                        Remove-Item -LiteralPath "$folder\token" -Force -ErrorAction SilentlyContinue
                        $detail += "; see $folder\install.log"
                    }
                    [pscustomobject]@{ ComputerName = $env:COMPUTERNAME; Succeeded = $succeeded; Detail = $detail }
                } @($folder, $Server, $Proxy, $Site, ($Tag -join ','), $LogLevel)
            }
        }
    }
}

<#
.SYNOPSIS
Runs the agent's check-up on servers: one object for each of its lines, or one that says why there is none.

.EXAMPLE
Test-CaliperAgent -ComputerName FILES1, APP7 | Where-Object State -ne ok
#>
function Test-CaliperAgent {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)] [string[]] $ComputerName,
        [pscredential] $Credential
    )
    process {
        foreach ($name in $ComputerName) {
            Use-Server $name $Credential {
                param($session)
                Invoke-OnServer $session {
                    param($path)
                    $program = Join-Path $env:ProgramFiles $path
                    if (-not (Test-Path -LiteralPath $program)) { throw 'the agent is not installed' }
                    $checks = (& $program doctor --json | Out-String) | ConvertFrom-Json
                    foreach ($check in $checks) {
                        [pscustomobject]@{
                            ComputerName = $env:COMPUTERNAME
                            Succeeded    = $check.state -ne 'failed'
                            Check        = $check.name
                            State        = $check.state
                            Detail       = $check.finding
                        }
                    }
                } @($AgentPath)
            }
        }
    }
}

<#
.SYNOPSIS
Removes the agent. What it knows stays for another installation, unless -Purge.
#>
function Uninstall-CaliperAgent {
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)] [string[]] $ComputerName,
        [switch] $Purge,
        [pscredential] $Credential
    )
    process {
        foreach ($name in $ComputerName) {
            if (-not $PSCmdlet.ShouldProcess($name, 'remove the Caliper agent')) { continue }
            Use-Server $name $Credential {
                param($session)
                Invoke-OnServer $session {
                    param($purge)
                    $keys = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*'
                    $found = @(Get-ItemProperty -Path $keys -ErrorAction SilentlyContinue |
                            Where-Object { $_.PSObject.Properties['DisplayName'] -and $_.DisplayName -eq 'Caliper agent' })
                    if ($found.Count -eq 0) {
                        return [pscustomobject]@{ ComputerName = $env:COMPUTERNAME; Succeeded = $true; Detail = 'was not installed' }
                    }
                    $arguments = @('/x', $found[0].PSChildName, '/qn', '/norestart')
                    if ($purge) { $arguments += 'PURGE=1' }
                    $done = Start-Process msiexec.exe -ArgumentList $arguments -Wait -PassThru
                    [pscustomobject]@{
                        ComputerName = $env:COMPUTERNAME
                        Succeeded    = 0, 3010 -contains $done.ExitCode
                        Detail       = "msiexec ended with $($done.ExitCode)"
                    }
                } @([bool]$Purge)
            }
        }
    }
}

Export-ModuleMember -Function @('Install-CaliperAgent', 'Test-CaliperAgent', 'Uninstall-CaliperAgent')

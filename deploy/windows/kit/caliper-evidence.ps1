<#
.SYNOPSIS
Gathers the evidence of a Windows Server for Caliper into one folder, where nothing may be installed.

.DESCRIPTION
Copies User Access Logging, the events that prove accesses, a few registry values and the firmware's table.
It changes nothing on the server, sends nothing, and needs Windows PowerShell 3.0 (Windows Server 2012) run as administrator.
Take the folder to a machine with caliper-agent:  caliper-agent collect --from FOLDER --output SERVER.json
Then to the aggregator:                            caliper import SERVER.json

.PARAMETER Destination
A folder that need not exist; a folder named after the server is made in it.

.PARAMETER Days
Events older than this are left out. 0 takes all.

.EXAMPLE
powershell -NoProfile -ExecutionPolicy Bypass -File caliper-evidence.ps1 -Destination E:\evidence
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string] $Destination,
    [ValidateRange(0, 3650)] [int] $Days = 90
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

# What is gathered, and under which names. The tests of caliper-agent read these tables.
$AccessLogging = 'Sum'
$Firmware = 'smbios.bin'
$RegistryFile = 'registry.reg'
$Logs = @(
    @{ Channel = 'Security'; File = 'Security.evtx'; Events = @(4624, 4768, 4769, 4776, 4778, 4779, 5140) }
    @{ Channel = 'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational'; File = 'LocalSessionManager.evtx'; Events = @(21, 25) }
    @{ Channel = 'Microsoft-Windows-TerminalServices-Gateway/Operational'; File = 'Gateway.evtx'; Events = @(302, 303) }
)
$Registry = @(
    @{ Key = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'; Values = @('ProductName', 'EditionID', 'CurrentBuildNumber') }
    @{ Key = 'SYSTEM\CurrentControlSet\Control\ProductOptions'; Values = @('ProductType') }
    @{ Key = 'HARDWARE\DESCRIPTION\System\CentralProcessor\0'; Values = @('ProcessorNameString') }
    @{ Key = 'SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters'; Values = @('PhysicalHostNameFullyQualified', 'HostName') }
    @{ Key = 'SYSTEM\CurrentControlSet\Services\Tcpip\Parameters'; Values = @('NV Hostname', 'Hostname', 'NV Domain', 'Domain') }
    @{ Key = 'SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache\*'; Values = @('InstallState') }
    @{ Key = 'SYSTEM\CurrentControlSet\Control\Terminal Server\RCM\Licensing Core'; Values = @('LicensingMode') }
    @{ Key = 'SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'; Values = @('LicensingMode', 'LicenseServers') }
    @{ Key = 'SYSTEM\CurrentControlSet\Services\TermService\Parameters\LicenseServers'; Values = @('SpecifiedLicenseServers') }
    @{ Key = 'SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL'; Values = @('*') }
    @{ Key = 'SOFTWARE\Microsoft\Microsoft SQL Server\*\Setup'; Values = @('Edition', 'Version') }
    @{ Key = 'SOFTWARE\Microsoft\Microsoft SQL Server\*\Cluster'; Values = @('ClusterName') }
    @{ Key = 'Cluster'; Values = @('ClusterName') }
    @{ Key = 'Cluster\Nodes\*'; Values = @('NodeName') }
)

$problems = New-Object System.Collections.ArrayList
function Add-Problem([string] $what, $why) {
    [void]$problems.Add("${what}: $why")
    Write-Warning "${what}: $why"
}

# Databases of a running service are locked: they are copied out of a snapshot of the volume.
function Copy-AccessLogging([string] $folder) {
    $source = Join-Path $env:SystemRoot 'System32\LogFiles\Sum'
    if (-not (Test-Path -LiteralPath $source)) {
        Add-Problem 'User Access Logging' "$source does not exist: older than Windows Server 2012, or switched off"
        return
    }
    $databases = @(Get-ChildItem -LiteralPath $source -Filter '*.mdb' | ForEach-Object { $_.Name })
    [void](New-Item -ItemType Directory -Force -Path $folder)
    $left = @($databases | Where-Object { -not (Copy-BySnapshotTool (Join-Path $source $_) (Join-Path $folder $_)) })
    if ($left.Count -eq 0) { return }
    # esentutl of Windows Server 2012 and 2012 R2 knows no snapshots
    $volume = $source.Substring(0, 3)
    $made = ([WMIClass]'root\cimv2:Win32_ShadowCopy').Create($volume, 'ClientAccessible')
    if ($made.ReturnValue -ne 0) {
        Add-Problem 'User Access Logging' "no snapshot of $volume (error $($made.ReturnValue)): stop the service UALSVC, run this again, start it"
        return
    }
    $snapshot = Get-WmiObject Win32_ShadowCopy | Where-Object { $_.ID -eq $made.ShadowID }
    $link = Join-Path $env:TEMP ('caliper-' + [Guid]::NewGuid().ToString('N'))
    try {
        & cmd.exe /c mklink /d $link ($snapshot.DeviceObject + '\') | Out-Null
        foreach ($name in $left) {
            try {
                Copy-Item -LiteralPath (Join-Path (Join-Path $link $source.Substring(3)) $name) -Destination (Join-Path $folder $name)
            } catch { Add-Problem $name $_ }
        }
    } finally {
        if (Test-Path -LiteralPath $link) { & cmd.exe /c rmdir $link }
        $snapshot.Delete()
    }
}

function Copy-BySnapshotTool([string] $from, [string] $to) {
    & esentutl.exe /y $from /vss /d $to | Out-Null
    return ($LASTEXITCODE -eq 0) -and (Test-Path -LiteralPath $to)
}

function Export-Log($log, [string] $file) {
    # otherwise Windows PowerShell takes every word on standard error for the end
    $ErrorActionPreference = 'Continue'
    & wevtutil.exe gl $log.Channel 2>&1 | Out-Null
    if ($LASTEXITCODE -ne 0) { return } # a server without this role
    $ids = ($log.Events | ForEach-Object { "EventID=$_" }) -join ' or '
    $age = if ($Days -gt 0) { ' and TimeCreated[timediff(@SystemTime) <= ' + ([long]$Days * 86400000) + ']' } else { '' }
    $said = & wevtutil.exe epl $log.Channel $file "/q:*[System[($ids)$age]]" /ow:true 2>&1
    if ($LASTEXITCODE -ne 0) { Add-Problem $log.Channel ($said -join ' ') }
}

# Only the values listed above, in the form of `reg export`.
function Export-Registry([string] $file) {
    $lines = New-Object System.Collections.ArrayList
    [void]$lines.Add('Windows Registry Editor Version 5.00')
    foreach ($entry in $Registry) {
        foreach ($key in @(Get-Item -Path ('HKLM:\' + $entry.Key) -ErrorAction SilentlyContinue)) {
            [void]$lines.Add('')
            [void]$lines.Add('[' + $key.Name + ']')
            $names = if ($entry.Values -contains '*') { $key.GetValueNames() } else { $entry.Values }
            foreach ($name in $names) {
                $value = $key.GetValue($name, $null)
                if ($null -eq $value) { continue }
                $quoted = '"' + $name.Replace('\', '\\').Replace('"', '\"') + '"='
                switch ($key.GetValueKind($name)) {
                    'DWord' { [void]$lines.Add($quoted + ('dword:{0:x8}' -f $value)) }
                    'MultiString' {
                        $bytes = [Text.Encoding]::Unicode.GetBytes(($value -join "`0") + "`0`0")
                        [void]$lines.Add($quoted + 'hex(7):' + (($bytes | ForEach-Object { '{0:x2}' -f $_ }) -join ','))
                    }
                    { $_ -eq 'String' -or $_ -eq 'ExpandString' } {
                        [void]$lines.Add($quoted + '"' + ([string]$value).Replace('\', '\\').Replace('"', '\"') + '"')
                    }
                }
            }
        }
    }
    [IO.File]::WriteAllLines($file, [string[]]$lines.ToArray(), [Text.Encoding]::Unicode)
}

# The table behind the head that GetSystemFirmwareTable puts before it.
function Export-Firmware([string] $file) {
    $table = Get-WmiObject -Namespace 'root\wmi' -Class MSSmBios_RawSMBiosTables
    $head = [byte[]]@([byte]$table.Used20CallingMethod, $table.SmbiosMajorVersion, $table.SmbiosMinorVersion, $table.DmiRevision)
    $length = [BitConverter]::GetBytes([uint32]$table.SMBiosData.Length)
    [IO.File]::WriteAllBytes($file, [byte[]]($head + $length + $table.SMBiosData))
}

$identity = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
if (-not $identity.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    throw 'run this as administrator: the evidence is closed to others'
}
if ([IntPtr]::Size -ne 8) {
    throw 'run this in 64-bit PowerShell: the 32-bit one does not see all of the registry'
}
$folder = Join-Path $Destination $env:COMPUTERNAME
if (Test-Path -LiteralPath $folder) {
    throw "$folder exists already: remove it, or name another destination"
}
$folder = (New-Item -ItemType Directory -Path $folder).FullName

try { Copy-AccessLogging (Join-Path $folder $AccessLogging) } catch { Add-Problem 'User Access Logging' $_ }
foreach ($log in $Logs) {
    try { Export-Log $log (Join-Path $folder $log.File) } catch { Add-Problem $log.Channel $_ }
}
try { Export-Registry (Join-Path $folder $RegistryFile) } catch { Add-Problem 'registry' $_ }
try { Export-Firmware (Join-Path $folder $Firmware) } catch { Add-Problem 'firmware table' $_ }

Write-Output $folder
if ($problems.Count -gt 0) {
    Write-Warning "not everything was gathered; what is there can be used"
    exit 1
}

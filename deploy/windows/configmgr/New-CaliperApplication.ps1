<#
.SYNOPSIS
Makes the application "Caliper agent" with its deployment type in Configuration Manager. Nothing is deployed.

.EXAMPLE
.\New-CaliperApplication.ps1 -SiteCode P01 -Source \\server\sources\caliper -Version 0.1.0
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string] $SiteCode,
    # A share that the site server and the clients can read, with caliper-agent.msi and token
    [Parameter(Mandatory = $true)] [string] $Source,
    [Parameter(Mandatory = $true)] [version] $Version
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
foreach ($file in 'caliper-agent.msi', 'token') {
    if (-not (Test-Path -LiteralPath (Join-Path $Source $file))) { throw "$Source holds no $file" }
}
Import-Module (Join-Path (Split-Path $env:SMS_ADMIN_UI_PATH) 'ConfigurationManager.psd1')
Push-Location "${SiteCode}:"
try {
    $name = "Caliper agent $Version"
    [void](New-CMApplication -Name $name -Publisher 'Caliper' -SoftwareVersion $Version -AutoInstall $true)
    # the working folder of an installation is the folder of the content
    $install = 'cmd /c msiexec /i caliper-agent.msi /qn /norestart ENROLLTOKENFILE="%cd%\token"'
    $program = @{
        Path      = '%ProgramFiles%\Caliper\Agent'
        FileName  = 'caliper-agent.exe'
        Existence = $true
        Is64Bit   = $true
    }
    $detection = New-CMDetectionClauseFile @program
    [void](Add-CMScriptDeploymentType -ApplicationName $name -DeploymentTypeName 'MSI' -ContentLocation $Source `
            -InstallCommand $install -UninstallCommand 'msiexec /x caliper-agent.msi /qn /norestart' `
            -AddDetectionClause $detection -InstallationBehaviorType InstallForSystem `
            -LogonRequirementType WhetherOrNotUserLoggedOn -UserInteractionMode Hidden -RebootBehavior NoAction)
    Write-Output "made `"$name`": distribute its content, then deploy it to a collection of servers"
} finally { Pop-Location }

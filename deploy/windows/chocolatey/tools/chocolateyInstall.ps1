$ErrorActionPreference = 'Stop'
$parameters = Get-PackageParameters
$arguments = @('/qn', '/norestart')
if ($parameters['TokenFile']) { $arguments += "ENROLLTOKENFILE=`"$($parameters['TokenFile'])`"" }
if ($parameters['Server']) { $arguments += "SERVER=$($parameters['Server'])" }
if ($parameters['Proxy']) { $arguments += "PROXY=$($parameters['Proxy'])" }
if ($parameters['Site']) { $arguments += "SITE=`"$($parameters['Site'])`"" }
if ($parameters['Tags']) { $arguments += "TAGS=`"$($parameters['Tags'])`"" }
if ($parameters['LogLevel']) { $arguments += "LOGLEVEL=$($parameters['LogLevel'])" }
$package = @{
    PackageName    = $env:ChocolateyPackageName
    FileType       = 'msi'
    File64         = Join-Path (Split-Path -Parent $MyInvocation.MyCommand.Definition) 'caliper-agent.msi'
    SilentArgs     = $arguments -join ' '
    ValidExitCodes = @(0, 3010)
}
Install-ChocolateyInstallPackage @package

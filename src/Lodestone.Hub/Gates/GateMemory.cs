namespace Lodestone.Hub;

/// <summary>What this server remembers for some seconds of gates and of who is let in: to be forgotten after every change of a gate.</summary>
internal sealed class GateMemory(ReposLately repos, GrantsLately grants)
{
    public void Forget()
    {
        repos.Forget();
        grants.Forget();
    }
}

namespace Lodestone.Billing;

/// <summary>Names of what is priced separately. The classes of an event are disjoint; other meters bring names of their own.</summary>
internal static class UsageClass
{
    public const string Input = "input";
    public const string InputCached = "input_cached";
    public const string CacheWrite = "cache_write";
    public const string CacheHit = "cache_hit";
    public const string Output = "output";
    public const string Reasoning = "reasoning";
}
